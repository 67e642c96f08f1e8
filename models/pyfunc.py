"""The model as MLflow serves it: code that opens the saved folder, no pickle."""

from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.models import set_model

from censorscope.models.storage import load


class ServedThemeModel(mlflow.pyfunc.PythonModel):
    """A frame with the column ``text`` in, the frame of `ThemeModel.label` out."""

    def load_context(self, context: Any) -> None:
        """Open the saved folder that was logged beside this code."""
        self.model = load(context.artifacts["model"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Label every row."""
        labelled = self.model.label(model_input["text"])
        if len(labelled) != len(model_input):
            raise RuntimeError(f"{len(model_input)} rows in, {len(labelled)} out")
        return labelled


set_model(ServedThemeModel())
