"""Metrics on arrays: float64 NumPy, no files, no Keras. SciPy's parts load when they are first used."""

from reproduce.metrics.calibration import brier_score, expected_calibration_error, reliability_curve
from reproduce.metrics.confusion import (
    Counts,
    accuracy,
    balanced_accuracy,
    count,
    f1,
    mcc,
    precision,
    sensitivity,
    specificity,
)
from reproduce.metrics.detection import lesion_counts, match_lesions
from reproduce.metrics.froc import competition_performance_metric, froc_curve, match_candidates, sensitivity_at
from reproduce.metrics.labels import (
    class_dice,
    class_iou,
    confusion_matrix,
    frequency_weighted_iou,
    mean_iou_per_case,
    mean_iou_per_class,
    mean_iou_pooled,
)
from reproduce.metrics.levels import patient_counts, positive_slices, slice_counts
from reproduce.metrics.overlap import dice, iou, volume_similarity
from reproduce.metrics.ranking import average_precision, delong_interval, delong_test, roc_auc, roc_curve
from reproduce.metrics.registration import folding_share, jacobian_determinant, target_registration_error_mm
from reproduce.metrics.surface import (
    assd_mm,
    average_surface_distance_mm,
    hausdorff_mm,
    hausdorff_percentile_by_direction_mm,
    hausdorff_percentile_pooled_mm,
    masd_mm,
    surface_dice,
    surface_distances,
)

__all__ = [
    "Counts",
    "accuracy",
    "assd_mm",
    "average_precision",
    "average_surface_distance_mm",
    "balanced_accuracy",
    "brier_score",
    "class_dice",
    "class_iou",
    "competition_performance_metric",
    "confusion_matrix",
    "count",
    "delong_interval",
    "delong_test",
    "dice",
    "expected_calibration_error",
    "f1",
    "folding_share",
    "frequency_weighted_iou",
    "froc_curve",
    "hausdorff_mm",
    "hausdorff_percentile_by_direction_mm",
    "hausdorff_percentile_pooled_mm",
    "iou",
    "jacobian_determinant",
    "lesion_counts",
    "masd_mm",
    "match_candidates",
    "match_lesions",
    "mcc",
    "mean_iou_per_case",
    "mean_iou_per_class",
    "mean_iou_pooled",
    "patient_counts",
    "positive_slices",
    "precision",
    "reliability_curve",
    "roc_auc",
    "roc_curve",
    "sensitivity",
    "sensitivity_at",
    "slice_counts",
    "specificity",
    "surface_dice",
    "surface_distances",
    "target_registration_error_mm",
    "volume_similarity",
]
