"""A framework of a custom CNN and transfer learning whose insights are shown to clinicians (document 003)."""
