"""tf.data pipelines, fitting and prediction."""
