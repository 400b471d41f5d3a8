"""The SDK behind `import clew`. Imports OpenTelemetry and `clew.conventions`, nothing else of ours.

The OpenTelemetry SDK and its exporter are imported when `init` is called, so that a program that
only carries the decorators pays for the API alone.
"""
