"""Remote procedure calls over a transport, with plain JSON values: types come above this layer."""
