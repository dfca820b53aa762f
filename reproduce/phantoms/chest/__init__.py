"""A thorax with lung nodules, as a CT scanner and four readers see it."""
