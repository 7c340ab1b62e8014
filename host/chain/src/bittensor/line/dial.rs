//! How a connection to a node is made.

use std::time::Duration;

use async_trait::async_trait;
use jsonrpsee::ws_client::{PingConfig, WsClientBuilder};
use subxt_rpcs::RpcClient;

use super::LineFault;

/// The longest answer of a node that is read: metadata has 0.6 MB, a thousand storage values less than 4 MB.
const MAX_ANSWER_BYTES: u32 = 32 << 20;

/// Makes connections. Tests make others than websockets.
#[async_trait]
pub(crate) trait Dial: Send + Sync {
    /// A fresh connection to the node at `place`.
    async fn dial(&self, place: &str) -> Result<RpcClient, LineFault>;
}

/// JSON-RPC over websockets.
#[derive(Debug)]
pub(crate) struct WebSockets {
    /// How long a handshake may take.
    pub(crate) connect_timeout: Duration,
    /// How long one answer may take. The line has its own, shorter bound.
    pub(crate) call_timeout: Duration,
}

#[async_trait]
impl Dial for WebSockets {
    async fn dial(&self, place: &str) -> Result<RpcClient, LineFault> {
        let client = WsClientBuilder::new()
            .connection_timeout(self.connect_timeout)
            .request_timeout(self.call_timeout)
            .max_request_size(MAX_ANSWER_BYTES)
            .max_response_size(MAX_ANSWER_BYTES)
            .enable_ws_ping(PingConfig::new())
            .build(place)
            .await
            .map_err(|error| LineFault::of_dialling(&error))?;
        Ok(RpcClient::new(client))
    }
}
