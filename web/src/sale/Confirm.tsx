import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem, problemText } from "../api/problem";
import { t } from "../i18n";
import { Notice, Spinner } from "../ui/states";

/** Something that is asked about once more before it is done. */
export interface Plan {
  title: string;
  lines: readonly string[];
  grave?: boolean;
  run: () => Promise<void>;
}

/** Shows a plan; a failure stays in the dialog, in words, and nothing is lost. */
export function Confirm({ plan, close }: { plan: Plan | null; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    setFailure(null);
    if (plan) dialog.current?.showModal();
    else dialog.current?.close();
  }, [plan]);
  const run = async (): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await plan?.run();
      close();
    } catch (error) {
      const problem = asProblem(error);
      // What the server says about a value is more than "please check".
      setFailure(problem.status === 400 && typeof problem.extra.detail === "string" ? problem.extra.detail : problemText(problem));
    }
    setBusy(false);
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="confirm-title" onClose={close}>
      <h2 id="confirm-title">{plan?.title ?? t("desk.confirm")}</h2>
      {plan?.lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {failure && (
        <Notice tone="bad" testid="desk-error">
          <p>{failure}</p>
        </Notice>
      )}
      <div class="dialog-actions">
        <button type="button" class="btn" onClick={close}>
          {t("desk.keep")}
        </button>
        <button
          type="button"
          class={plan?.grave ? "btn danger solid" : "btn primary"}
          disabled={busy}
          data-testid="desk-confirm"
          onClick={() => void run()}
        >
          {busy && <Spinner />}
          {t("desk.apply")}
        </button>
      </div>
    </dialog>
  );
}
