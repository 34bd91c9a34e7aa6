//! Pages, opened in a real Chromium without a window and without the internet: what does not lie on loopback cannot
//! be resolved, and everything that a page asks for or complains about is kept.
use crate::servers;
use chromiumoxide::{
    browser::{Browser as Chromium, BrowserConfig},
    cdp::{
        IntoEventKind,
        browser_protocol::{
            log::{EventEntryAdded, LogEntryLevel},
            network::EventRequestWillBeSent,
            target::CreateTargetParams,
        },
        js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown},
    },
    element::Element,
    page::ScreenshotParams,
};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};

/// Generous: a machine that builds at the same time is slow.
const LIMIT: Duration = Duration::from_secs(60);

/// A Chromium of the test's own, with an empty profile.
pub struct Browser {
    chromium: Chromium,
    connection: JoinHandle<()>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// `None` when there is no Chromium and none is required.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<Self> {
        let binary = servers::chromium()?;
        let profile = tempfile::Builder::new().prefix("gymapi-browser-").tempdir().expect("a temporary folder");
        let config = BrowserConfig::builder()
            .chrome_executable(binary)
            .user_data_dir(profile.path())
            // the sandbox refuses to run as root; the pages are our own
            .no_sandbox()
            .new_headless_mode()
            .window_size(1280, 900)
            .viewport(None)
            .launch_timeout(LIMIT)
            .request_timeout(LIMIT)
            .arg(("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"))
            .build()
            .expect("a configuration of the browser");
        let (chromium, mut events) = Chromium::launch(config).await.expect("Chromium starts");
        let connection = tokio::spawn(async move { while events.next().await.is_some() {} });
        Some(Self { chromium, connection, _profile: profile })
    }

    /// Opens an address and waits for the page to load.
    pub async fn open(&self, url: &str) -> Page {
        let page = self.chromium.new_page(CreateTargetParams::new("about:blank")).await.expect("an empty page");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let watched = Watched { page: &page, seen: &seen };
        let listeners = vec![
            watched.keep(|seen, e: &EventRequestWillBeSent| seen.requests.push(e.request.url.clone())).await,
            watched.keep(|seen, e: &EventExceptionThrown| seen.complain(&e.exception_details)).await,
            watched
                .keep(|seen, e: &EventConsoleApiCalled| {
                    if matches!(e.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert) {
                        seen.complain(&e.args);
                    }
                })
                .await,
            watched
                .keep(|seen, e: &EventEntryAdded| {
                    if e.entry.level == LogEntryLevel::Error {
                        seen.complain(&(&e.entry.text, &e.entry.url));
                    }
                })
                .await,
        ];
        page.enable_log().await.expect("the log domain");
        page.enable_runtime().await.expect("the runtime domain");
        page.goto(url).await.expect("the page loads");
        Page { page, seen, listeners }
    }

    /// Ends the browser. Without it, it is killed when the test ends.
    pub async fn close(mut self) {
        let _ = self.chromium.close().await;
        let _ = self.chromium.wait().await;
        self.connection.abort();
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    complaints: Vec<String>,
}

impl Seen {
    fn complain(&mut self, what: &impl std::fmt::Debug) {
        self.complaints.push(format!("{what:?}"));
    }
}

struct Watched<'a> {
    page: &'a chromiumoxide::Page,
    seen: &'a Arc<Mutex<Seen>>,
}

impl Watched<'_> {
    async fn keep<E>(&self, keep: impl Fn(&mut Seen, &E) + Send + 'static) -> JoinHandle<()>
    where
        E: IntoEventKind + Send + Sync + Unpin + 'static,
    {
        let mut events = self.page.event_listener::<E>().await.expect("a listener");
        let seen = self.seen.clone();
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                keep(&mut seen.lock().unwrap_or_else(PoisonError::into_inner), &event);
            }
        })
    }
}

/// A page that is open.
pub struct Page {
    page: chromiumoxide::Page,
    seen: Arc<Mutex<Seen>>,
    listeners: Vec<JoinHandle<()>>,
}

impl Page {
    /// Waits until a selector finds an element.
    pub async fn wait_for(&self, selector: &str) -> Element {
        self.until(selector, async || self.page.find_element(selector).await.ok()).await
    }

    /// Waits until the page shows a text.
    pub async fn wait_for_text(&self, text: &str) {
        let shown = "document.body ? document.body.innerText : ''";
        let look = async || self.eval::<String>(shown).await.contains(text).then_some(());
        self.until(text, look).await;
    }

    async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(begun.elapsed() < LIMIT, "no {what:?} after {LIMIT:?}; {:?}", self.complaints());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The value of a JavaScript expression.
    pub async fn eval<T: DeserializeOwned>(&self, expression: &str) -> T {
        let result = self.page.evaluate_expression(expression).await.expect("an expression that does not throw");
        result.into_value().expect("a value of this type")
    }

    pub async fn click(&self, selector: &str) {
        self.wait_for(selector).await.click().await.expect("an element that can be clicked");
    }

    /// Types a text into a field, after what stands there.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = self.wait_for(selector).await;
        field.click().await.expect("a field that can be clicked");
        field.type_str(text).await.expect("characters of a keyboard");
    }

    /// A PNG of the whole page.
    pub async fn screenshot(&self) -> Vec<u8> {
        self.page.screenshot(ScreenshotParams::builder().full_page(true).build()).await.expect("a picture of the page")
    }

    /// Everything that was asked for so far, in order.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// Errors in the console, exceptions, and requests that failed.
    pub fn complaints(&self) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).complaints.clone()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}
