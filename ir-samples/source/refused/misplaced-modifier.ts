static function f(x: number): number { // error: syntax: 'static' cannot stand here: remove it
  return x;
}
