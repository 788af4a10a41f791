// The worker with Python in it: started when it is first needed, ended when a command takes too long.
export class Engine {
  /** `heard(message)` is told how the loading goes, and what a command prints. */
  constructor(heard) {
    this.heard = heard;
    this.state = "off";
    this.worker = null;
  }

  async start() {
    if (this.state !== "off") return;
    this.state = "loading";
    await kept();
    if (this.state !== "loading") return;
    // From a blob, so that the policy of this page, which lets nothing out, holds in the worker too.
    const place = JSON.stringify(new URL("worker.js", import.meta.url).href);
    const blob = URL.createObjectURL(new Blob([`import ${place};`], { type: "text/javascript" }));
    this.worker = new Worker(blob, { type: "module", name: "python" });
    this.worker.onmessage = ({ data }) => this.take(data);
    this.worker.onerror = (event) => this.take({ failed: event.message || "the worker did not start" });
  }

  take(message) {
    if (message.ready && this.state === "loading") this.state = "ready";
    if (message.failed) this.stop();
    if ("code" in message) this.state = "ready";
    this.heard(message);
    if (message.ready && this.waiting) this.run(this.waiting);
  }

  run(task) {
    this.waiting = null;
    if (this.state === "ready") {
      this.state = "running";
      this.worker.postMessage(task);
    } else {
      this.waiting = task;
      this.start();
    }
  }

  stop() {
    this.worker?.terminate();
    this.worker = this.waiting = null;
    this.state = "off";
  }
}

/** Waits, not long, for the service worker, so that it can keep what is loaded now. */
async function kept() {
  if (!navigator.serviceWorker) return;
  const late = new Promise((done) => setTimeout(done, 3000));
  await Promise.race([navigator.serviceWorker.ready.catch(() => {}), late]);
}
