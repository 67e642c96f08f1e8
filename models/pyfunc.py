"""The model as MLflow serves it: code that opens the saved folder, no pickle."""

from typing import Any

import mlflow.pyfunc
from mlflow.models import set_model

from censorscope.models.storage import load


class ServedThemeModel(mlflow.pyfunc.PythonModel):
    """A frame with the column ``text`` in, the frame of `ThemeModel.label` out."""

    def load_context(self, context: Any) -> None:
        """Open the saved folder that was logged beside this code."""
        self.model = load(context.artifacts["model"])

    # Without type hints: MLflow would take them for the schema, which is given on logging.
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002
        """Label every row."""
        labelled = self.model.label(model_input["text"])
        if len(labelled) != len(model_input):
            raise RuntimeError(f"{len(model_input)} rows in, {len(labelled)} out")
        return labelled


set_model(ServedThemeModel())
