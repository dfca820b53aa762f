"""Calculations and measurements that decide statements on layers."""
