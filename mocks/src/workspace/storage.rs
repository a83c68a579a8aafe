//! The storage behind external links: every link is its own permission.

use super::answer::Answer;
use super::call::Call;
use super::statements::{finished, range};
use super::world::World;

/// Where external links lead to.
pub(super) const STORAGE: &str = "mock-storage";

/// Whether a path is the storage's, which wants no credentials of the workspace.
pub(crate) fn is_storage(path: &str) -> bool {
    path.strip_prefix('/')
        .and_then(|path| path.strip_prefix(STORAGE))
        .is_some_and(|rest| rest.starts_with('/'))
}

/// A link that is its own permission.
pub(super) fn link(world: &World, call: &Call, id: &str, chunk: usize) -> String {
    let signature = signature(world.statements.epoch, id, chunk);
    format!(
        "{}/{STORAGE}/{id}/{chunk}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=899&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}",
        call.origin
    )
}

fn signature(epoch: u64, id: &str, chunk: usize) -> String {
    let hash = format!("{epoch}/{id}/{chunk}").bytes().fold(14_695_981_039_346_656_037_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
    });
    format!("{epoch:x}{hash:016x}")
}

pub(super) fn refused(status: u16, code: &str, message: &str) -> Answer {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Answer::bytes("application/xml", xml.into_bytes()).status(status)
}

/// What the storage answers: it wants the signature and its headers, and no `Authorization`.
pub(super) fn download(world: &World, call: &Call, id: &str, chunk: &str) -> Answer {
    if call.header("authorization").is_some() {
        let text = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                    parameter or the Authorization header should be specified";
        return refused(400, "InvalidArgument", text);
    }
    let Ok(index) = chunk.parse::<usize>() else {
        return refused(404, "NoSuchKey", "The key does not exist.");
    };
    let signed = signature(world.statements.epoch, id, index);
    if call.param("X-Amz-Signature") != Some(signed.as_str()) {
        return refused(403, "AccessDenied", "Request has expired");
    }
    if world.statements.link_headers.iter().any(|(name, value)| call.header(name) != Some(value)) {
        return refused(
            400,
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption.",
        );
    }
    let Some((_, rows)) = finished(world, id) else {
        return refused(404, "NoSuchKey", "The key does not exist.");
    };
    let range = range(rows, world.statements.chunk_rows.max(1), index);
    let mut bytes = Vec::new();
    rows.write_json(range, &mut bytes);
    Answer::bytes("application/octet-stream", bytes)
}
