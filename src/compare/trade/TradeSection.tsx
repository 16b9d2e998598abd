export default function TradeSection() {
  return null;
}
