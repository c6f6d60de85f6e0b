"""The code generator: schema files in, a typed Python package out.

Build time only; imports nothing from `src`.
"""
