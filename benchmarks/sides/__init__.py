"""The two SDKs behind one interface. Nothing is imported here: what a side loads, and when, is what is measured."""
