"""The consent of the person shown: why it is asked, the statement, and who agreed to it when.

The panel edits one `Consent`; what is done without it is refused elsewhere.
"""

from emotalker.widgets.consent.banner import ConsentBanner
from emotalker.widgets.consent.panel import ConsentPanel
from emotalker.widgets.consent.statement import statement

__all__ = ["ConsentBanner", "ConsentPanel", "statement"]
