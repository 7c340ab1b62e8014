//! Whether partitions were planned for the scheme that is configured now.

use plimsoll_plugin::Scheme;
use plimsoll_store::partition::Partition;

use super::fill::scheme_tag;
use crate::NodeError;

/// Refuses a partition that was planned for another plugin, or for other parameters: filling it would give a plot
/// that nobody asked for, or throw a good one away.
///
/// # Errors
/// [`NodeError::OtherScheme`] naming the first that differs.
pub fn expect_planned_for(partitions: &[Partition], scheme: &Scheme) -> Result<(), NodeError> {
    let tag = scheme_tag(scheme);
    for partition in partitions {
        let Some(plot) = &partition.plimsoll else { continue };
        let fields = [
            ("scheme", &plot.scheme, &tag.name),
            ("plugin digest", &plot.plugin.to_string(), &tag.plugin.to_string()),
            ("parameter digest", &plot.params.to_string(), &tag.params.to_string()),
        ];
        if let Some((field, planned, configured)) = fields.into_iter().find(|(_, a, b)| a != b) {
            return Err(NodeError::OtherScheme {
                validator: partition.validator,
                field,
                planned: planned.clone(),
                configured: configured.clone(),
            });
        }
    }
    Ok(())
}
