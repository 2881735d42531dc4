"""What a phone is and how it feels: chip, cores, heat, battery, clocks."""
