"""`python -m copilot_sdk.demo`: what the SDK is for, in a terminal, in a few seconds."""
