/** The words of every page but the waiting page. */
import { teach } from "./index";
import ko from "./ko.json";

teach({ ko, en: () => import("./en.json") });
