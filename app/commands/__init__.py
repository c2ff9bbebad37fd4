"""What a person can do to the document, each as two halves: `ask` opens dialogs, `do` changes the project.

The second half needs no window, so every command is tested without one. A command says its own name for undo. What a
job does (training, export) is no command.
"""
