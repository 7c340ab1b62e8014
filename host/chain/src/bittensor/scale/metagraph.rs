//! The answer of `SubnetInfoRuntimeApi.get_selective_metagraph`: a whole subnet in one call.
//!
//! Fields are found by their names in the metadata, so that an upgrade which adds or moves some is survived. A field
//! that was not asked for is absent.

use subxt::ext::scale_decode::DecodeAsType;
use subxt::metadata::Metadata;
use subxt::utils::AccountId32;

use super::{AxonRecord, Garbled};

/// The numbers of the fields below, as the call takes them.
pub(crate) const ASKED: [u16; 20] =
    [1, 5, 7, 8, 10, 24, 25, 26, 27, 45, 46, 47, 52, 53, 55, 57, 59, 62, 69, 73];

/// What is asked of a subnet.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct MetagraphAnswer {
    pub(crate) netuid: u16,
    pub(crate) name: Option<Vec<u8>>,
    pub(crate) owner_hotkey: Option<AccountId32>,
    pub(crate) block: Option<u64>,
    pub(crate) tempo: Option<u16>,
    pub(crate) blocks_since_last_step: Option<u64>,
    pub(crate) min_allowed_weights: Option<u16>,
    pub(crate) max_weights_limit: Option<u16>,
    pub(crate) weights_version: Option<u64>,
    pub(crate) weights_rate_limit: Option<u64>,
    pub(crate) serving_rate_limit: Option<u64>,
    pub(crate) commit_reveal_weights_enabled: Option<bool>,
    pub(crate) commit_reveal_period: Option<u64>,
    pub(crate) hotkeys: Option<Vec<AccountId32>>,
    pub(crate) coldkeys: Option<Vec<AccountId32>>,
    pub(crate) axons: Option<Vec<AxonAnswer>>,
    pub(crate) validator_permit: Option<Vec<bool>>,
    pub(crate) last_update: Option<Vec<u64>>,
    pub(crate) incentives: Option<Vec<u16>>,
    pub(crate) total_stake: Option<Vec<u64>>,
    pub(crate) commitments: Option<Vec<(AccountId32, Vec<u8>)>>,
}

/// An axon in that answer.
#[derive(Debug, DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct AxonAnswer {
    ip: u128,
    port: u16,
    ip_type: u8,
}

impl From<&AxonAnswer> for AxonRecord {
    fn from(axon: &AxonAnswer) -> Self {
        Self { ip: axon.ip, port: axon.port, ip_type: axon.ip_type }
    }
}

impl MetagraphAnswer {
    /// Reads the answer, of the type `output` in `metadata`; `None` where there is no such subnet.
    pub(crate) fn read(bytes: &[u8], output: u32, metadata: &Metadata) -> Result<Option<Self>, Garbled> {
        let mut rest = bytes;
        let answer = Option::<Self>::decode_as_type(&mut rest, output, metadata.types());
        let answer = answer.map_err(|error| Garbled::new(error.to_string()))?;
        match rest.len() {
            0 => Ok(answer),
            left => Err(Garbled(format!("{left} bytes too many"))),
        }
    }
}
