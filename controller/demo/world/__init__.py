"""The emulator's own process: moto's server on loopback, and the driver inside it that makes time pass.

moto answers the AWS APIs and keeps the state; what it gets wrong for a fleet whose members come and go is put right
here by subclassing its backends. docs/unproven.md lists what even this cannot show of a real account.
"""
