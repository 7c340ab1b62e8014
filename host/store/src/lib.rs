//! Partitions, plot files, journal, mapping, repair.
