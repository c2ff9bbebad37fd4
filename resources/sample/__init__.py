"""The sample twin: a person who does not exist, trained by this program's own pipeline, and what it says first."""
