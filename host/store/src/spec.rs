//! What a plot is for, whom, and in which sizes.

use std::path::Path;

use plimsoll_core::{Digest, Identity, Layout};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Which scheme filled a plot. Two tags are equal only if they fill the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemeTag {
    /// Its name, for people; at most 64 bytes.
    pub name: String,
    /// BLAKE3 of the plugin's component.
    pub plugin: Digest,
    /// BLAKE3 of its parameters as canonical JSON.
    pub params: Digest,
}

/// Everything that decides a plot's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlotSpec {
    /// Whose space.
    pub identity: Identity,
    /// Filled by what.
    pub scheme: SchemeTag,
    /// In which sizes.
    pub layout: Layout,
}

/// The largest region that the format can describe: 1 EiB.
const LARGEST_REGION_BYTES: u64 = 1 << 60;
/// Bytes that the header keeps for the scheme's name.
pub(crate) const NAME_BYTES: usize = 64;
/// Passes that the header has room for.
pub(crate) const MOST_PASSES: usize = 24;
/// Bytes that the header keeps for a pass's name.
pub(crate) const PASS_NAME_BYTES: usize = 48;

impl PlotSpec {
    /// Whether the format can describe this plot.
    ///
    /// # Errors
    /// [`StoreError::BadSpec`] naming the first field that it cannot.
    pub fn check(&self) -> Result<(), StoreError> {
        let bad = |field, why: String| Err(StoreError::BadSpec { field, why });
        let Layout { region_bytes, passes, .. } = &self.layout;
        if self.scheme.name.len() > NAME_BYTES {
            let len = self.scheme.name.len();
            return bad("scheme name", format!("{len} bytes, at most {NAME_BYTES} fit"));
        }
        if let Err(broken) = self.layout.check(LARGEST_REGION_BYTES) {
            return bad("layout", broken.to_string());
        }
        if passes.len() > MOST_PASSES {
            return bad("passes", format!("{} of them, at most {MOST_PASSES} fit", passes.len()));
        }
        for pass in passes {
            if pass.name.len() > PASS_NAME_BYTES {
                return bad("pass name", format!("`{}` is longer than {PASS_NAME_BYTES} bytes", pass.name));
            }
        }
        debug_assert!(*region_bytes <= LARGEST_REGION_BYTES);
        Ok(())
    }

    /// Whether `found` is the same plot. Memory needs and names of passes do not count.
    ///
    /// # Errors
    /// [`StoreError::OtherPlot`] naming the first field that differs.
    pub fn expect_same(&self, found: &Self, path: &Path) -> Result<(), StoreError> {
        let shape = |layout: &Layout| -> String {
            layout.passes.iter().map(|p| format!("{} {:?} ", p.units, p.order)).collect()
        };
        let fields = |spec: &Self| {
            [
                ("netuid", spec.identity.netuid.to_string()),
                ("owner", spec.identity.owner.to_string()),
                ("validator", spec.identity.validator.to_string()),
                ("scheme", spec.scheme.name.clone()),
                ("plugin digest", spec.scheme.plugin.to_string()),
                ("parameter digest", spec.scheme.params.to_string()),
                ("unit size", format!("{} bytes", spec.layout.unit_bytes)),
                ("number of units", spec.layout.units.to_string()),
                ("region size", format!("{} bytes", spec.layout.region_bytes)),
                ("list of passes", shape(&spec.layout).trim_end().to_owned()),
            ]
        };
        for ((field, expected), (_, found)) in fields(self).into_iter().zip(fields(found)) {
            if expected != found {
                return Err(StoreError::OtherPlot { path: path.to_owned(), field, expected, found });
            }
        }
        Ok(())
    }
}
