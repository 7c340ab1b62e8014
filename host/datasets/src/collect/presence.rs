//! The hub's client as the one that finding a subnet asks.

use std::sync::Arc;

use async_trait::async_trait;
use plimsoll_core::DatasetPlace;

use crate::fetch::{Fetch, Kind, Namespace};
use crate::find::{Hub, Presence};

/// Asks the hub, one HEAD request a dataset.
#[derive(Clone)]
pub struct Asking(pub Arc<Fetch>);

#[async_trait]
impl Hub for Asking {
    async fn presence(&self, place: &DatasetPlace) -> Presence {
        let Ok(repository) = Namespace::parse(&place.namespace) else { return Presence::Missing };
        match self.0.presence(&repository, &place.revision, &place.path).await {
            Ok(()) => Presence::There,
            Err(refusal) => match refusal.kind() {
                Kind::Absent => Presence::Missing,
                Kind::Denied => Presence::Closed,
                _ => Presence::Unknown(refusal.to_string()),
            },
        }
    }
}
