//! Whether the hub has a file: one HEAD request, and no redirect is followed.

use std::time::Instant;

use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue};

use super::budget::Bucket;
use super::client::Fetch;
use super::hops::Opened;
use super::names::{Namespace, check_path};
use super::network;
use super::redirect::is_redirect;
use super::refusal::Refusal;
use super::token::Token;
use super::witness::Witness;

impl Fetch {
    /// Whether `repository` has the file `path` at `revision`, a commit, branch or tag. A redirect is a yes: the hub
    /// sends nobody to what it does not have.
    ///
    /// # Errors
    /// Why not, or why nobody can tell.
    pub async fn presence(&self, repository: &Namespace, revision: &str, path: &str) -> Result<(), Refusal> {
        check_path(path)?;
        let url = self.endpoint.file_at(repository, revision, path);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(value) = self.token.as_ref().and_then(Token::header) {
            headers.insert(AUTHORIZATION, value);
        }
        let turn = self.budget.turn(Bucket::Resolvers, Instant::now() + self.caps.silence).await?;
        let asked = network::head(&self.http, &url, headers, &self.caps);
        let response = match tokio::time::timeout(self.caps.silence, asked).await {
            Ok(answered) => answered?,
            Err(_) => return Err(Refusal::Silent { seconds: self.caps.silence.as_secs() }),
        };
        let status = response.status();
        turn.heard(response.headers(), status == 429);
        if status == 200 || is_redirect(status) {
            return Ok(());
        }
        let opened = Opened { response, witness: Witness::default(), at_home: true, _turn: turn };
        Err(self.refused(&opened))
    }
}
