"""The official SDK's public names, each with ours beside it: the rows of docs/reference/official-sdk.md."""
