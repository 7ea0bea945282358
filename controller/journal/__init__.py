"""The append-only truth: what was intended, what happened, who may act, who said stop, and the spans on their way out.

`SqlJournal` opens a journal and runs one function per transaction; the functions stand in one file per subject.
`JournalAdapter` is the port's asynchronous face on it.
"""
