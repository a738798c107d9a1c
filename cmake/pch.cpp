// The carrier of the precompiled header.
