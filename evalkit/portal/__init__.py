"""The portal: schools upload, evaluators release, leads read. A Django project; it holds no statistics."""
