import { element } from "../../../shared/dom.ts";
import type { Hit } from "../../services/service.ts";

/** A hit as an item of the list of hits. */
export function hitItem({ path, about, url, support }: Hit): HTMLLIElement {
  const nameAt = path.lastIndexOf(".") + 1;
  const link = element("a", "path", element("span", "area", path.slice(0, nameAt)), path.slice(nameAt));
  link.href = url;
  const versions = Object.entries(support).map(([browser, version]) =>
    element("li", version === "no" ? "version absent" : "version", `${browser} `, element("b", "", version)),
  );
  const parts = [link, ...(about === "" ? [] : [element("p", "about", about)]), element("ul", "support", ...versions)];
  return element("li", "hit", ...parts);
}
