//! Native primitives with their own run-time dispatch: streams, the seed's text chain, Merkle trees.
