/** The words of the waiting page. */
import { teach } from "./index";
import ko from "./line.ko.json";

teach({ ko, en: () => import("./line.en.json") });
