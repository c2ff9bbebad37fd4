"""Who hears whom: each module connects one page's signals to commands, session and jobs.

Only here do widgets and the application meet. A wiring holds no data of its own that the document or the session could
hold, and a page that is not wired does nothing.
"""
