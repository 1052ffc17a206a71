/** The words of the page that checks a draw. */
import { teach } from "./index";
import ko from "./draw.ko.json";

teach({ ko, en: () => import("./draw.en.json") });
