/** Reading codes with the camera, where the browser can (BarcodeDetector); elsewhere codes are typed or wedged in. */

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

export function canScan(): boolean {
  return detectorClass() !== undefined && typeof navigator.mediaDevices?.getUserMedia === "function";
}

/** A code stays before the camera for many frames: the same one counts again only after this many milliseconds. */
const SAME_CODE_PAUSE = 3000;
const LOOK_EVERY = 150;

/** Looks for codes until stopped. Rejects when the camera is refused or missing. */
export async function scan(video: HTMLVideoElement, found: (code: string) => void): Promise<() => void> {
  const Class = detectorClass();
  if (!Class) throw new Error("no barcode detector");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  const detector = new Class({ formats: ["qr_code"] });
  video.srcObject = stream;
  await video.play();
  let last = { code: "", at: -Infinity };
  let busy = false;
  const timer = setInterval(() => {
    if (busy || video.readyState < 2) return;
    busy = true;
    detector
      .detect(video)
      .then((codes) => {
        const code = codes[0]?.rawValue;
        const now = performance.now();
        if (code && (code !== last.code || now - last.at > SAME_CODE_PAUSE)) found(code);
        if (code) last = { code, at: now };
      })
      .catch(() => {
        // One unreadable frame; the next comes soon.
      })
      .finally(() => (busy = false));
  }, LOOK_EVERY);
  return () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
