"""One page that says what the pipeline found: the verdict, the charts, why, and how it was made."""

from regularization.report.document import report_page

__all__ = ["report_page"]
