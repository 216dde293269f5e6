import { useTranslation } from 'react-i18next';
import { shortAddress } from '../../lib/format.ts';
import { CopyButton } from '../../ui/copy-button.tsx';

/** 7xKX…gAsU, with the whole address to copy and on hover. */
export function AddressLine({ address }: { address: string }) {
  const { t } = useTranslation();
  return (
    <span className="inline-flex items-center gap-1">
      <code className="font-mono text-[13px]" title={address}>
        {shortAddress(address)}
      </code>
      <CopyButton label={t('wallet.copyAddress')} text={address} />
    </span>
  );
}
