export default function InsideSection() {
  return null;
}
