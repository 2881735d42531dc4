"""A phone without a phone: Debian's own arm64 `adbd` under qemu-user, in namespaces of its own."""
