const STORAGE = "clew.project";

export function lastProject(): string {
  return localStorage.getItem(STORAGE) ?? "";
}

export function rememberProject(name: string): void {
  localStorage.setItem(STORAGE, name);
}
