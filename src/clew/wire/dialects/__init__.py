"""One small file a dialect: what a convention's names mean in ours."""
