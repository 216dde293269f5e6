import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EntryDetail } from '#contract/earnings.ts';
import { formatAmount, type ShownUnit } from '../../lib/amount.ts';
import { formatMoment, shortAddress } from '../../lib/format.ts';
import { checkVoucher, type VoucherCheck } from '../../lib/signature-check.ts';
import { Facts } from '../../ui/facts.tsx';
import { CheckMark } from './check-mark.tsx';

/** The entry's place in its channel, and the gateway's voucher that covers it, checked here. */
export function VoucherSection({ entry, unit }: { entry: EntryDetail; unit: ShownUnit }) {
  const { t } = useTranslation();
  const { position, voucher } = entry;
  const check = useVoucherCheck(entry);
  const amount = (atomic: string) => `${formatAmount(atomic, unit)} ${unit.name}`;
  if (!position) return null;
  return (
    <section className="grid gap-3 border-t border-line pt-4">
      <h3 className="text-sm font-semibold">{t('earnings.voucher.title')}</h3>
      <Facts
        copyLabel={t('earnings.copy')}
        facts={[
          {
            label: t('earnings.voucher.channel'),
            value: shortAddress(position.channel),
            copy: position.channel,
          },
          { label: t('earnings.voucher.position'), value: amount(position.cumulativeAtomic) },
          ...(voucher
            ? [
                { label: t('earnings.voucher.cumulative'), value: amount(voucher.cumulativeAtomic) },
                { label: t('earnings.voucher.at'), value: formatMoment(voucher.at) },
                {
                  label: t('earnings.voucher.signature'),
                  value: shortAddress(voucher.signed.signature),
                  copy: voucher.signed.signature,
                },
              ]
            : []),
        ]}
      />
      {!voucher && <p className="text-sm text-dim">{t('earnings.voucher.none')}</p>}
      {check && (
        <div className="grid gap-1">
          <CheckMark
            isRight={check.isSigned && check.isGateways}
            text={t(
              check.isSigned && check.isGateways ? 'earnings.voucher.signed' : 'earnings.voucher.signedNot',
            )}
          />
          <CheckMark
            isRight={check.covers}
            text={t(check.covers ? 'earnings.voucher.covers' : 'earnings.voucher.coversNot')}
          />
        </div>
      )}
    </section>
  );
}

function useVoucherCheck({ position, voucher, receipt }: EntryDetail): VoucherCheck | null {
  const [check, setCheck] = useState<VoucherCheck | null>(null);
  useEffect(() => {
    let wanted = true;
    if (position && voucher && receipt)
      void checkVoucher(voucher.signed, {
        gatewayKey: receipt.receipt.gateway,
        channel: position.channel,
        cumulativeAtomic: BigInt(position.cumulativeAtomic),
      }).then((result) => wanted && setCheck(result));
    return () => {
      wanted = false;
    };
  }, [position, voucher, receipt]);
  return check;
}
