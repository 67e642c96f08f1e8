"""HTML pages -> the text of their article, by ``trafilatura`` (the extra ``html``)."""

from .documents import DocumentBatch, Rejected
from .exceptions import MissingExtraError
from .sources import HTML, Sources, kind


def require_html(sources: Sources) -> None:
    """Raise `MissingExtraError` when there are HTML pages and nothing to read them with."""
    page = next((path for path in sources.paths if kind(path) in HTML), None)
    if page is None:
        return
    from importlib.util import find_spec

    if find_spec("trafilatura") is None:
        raise MissingExtraError(
            f"{page}: HTML needs trafilatura. Install it: pip install 'censorscope[html]'"
        )


def extract_articles(batch: DocumentBatch) -> None:
    """Put the text of the articles in place of the pages; reject pages that hold none.

    Comments below an article are no part of it. Offsets of sentences then count in the text found.
    """
    if not batch.pages:
        return
    import trafilatura

    empty = set()
    for place, (path, content) in batch.pages.items():
        problem = "no article was found on the page"
        try:
            text = trafilatura.extract(content, include_comments=False)
        except Exception as error:  # whatever a parser says of one page must not stop a run
            text, problem = None, f"the page cannot be read ({error!r})"
        if text:
            batch.texts[place] = text
        else:
            empty.add(place)
            batch.rejected.append(Rejected(path, 1, problem))
    batch.pages.clear()
    batch.leave_out(empty)
