"""The document: one project per person, with its clips, labels, runs and settings on disk.

It knows which stage is out of date and what to run next, and binds the engine's stages to folders as picklable jobs.
Saved atomically with backups and migrated forward; no window enters.
"""
