import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { HardwareReport } from '#contract/resources.ts';
import type { Result } from '#contract/result.ts';
import { client } from '../../lib/client.ts';
import { ErrorNote } from '../../ui/error-note.tsx';
import { Facts } from '../../ui/facts.tsx';
import { TableSkeleton } from '../../ui/table-skeleton.tsx';
import { Panel } from './panel.tsx';

/** The figures that the gateway is told, and where each comes from. */
export function HardwarePanel() {
  const { t } = useTranslation();
  const [answer, setAnswer] = useState<Result<HardwareReport> | null>(null);
  useEffect(() => {
    let wanted = true;
    client.request('resources.hardware', {}).then((result) => wanted && setAnswer(result));
    return () => {
      wanted = false;
    };
  }, []);
  return (
    <Panel title={t('resources.announced')}>
      {answer === null && <TableSkeleton label={t('resources.loading')} />}
      {answer?.ok === false && <ErrorNote error={answer.error} />}
      {answer?.ok && <Announced report={answer.data} />}
    </Panel>
  );
}

function Announced({ report }: { report: HardwareReport }) {
  const { t } = useTranslation();
  const from = (value: string, source: string) =>
    t('resources.from', { value, source: t(`resources.sources.${source}`) });
  const facts = [
    { label: t('resources.cpu'), value: from(t('resources.cores', { count: report.cpuCores }), 'system') },
    { label: t('resources.ram'), value: from(`${report.ramGb} GB`, 'system') },
    { label: t('resources.disk'), value: from(`${report.storageGb} GB`, 'system') },
    { label: t('resources.network'), value: from(`${report.networkMbps} Mbit/s`, report.networkSource) },
    {
      label: t('resources.gpu'),
      value:
        report.gpuModel === null
          ? t('resources.none')
          : from(`${report.gpuModel}, ${report.gpuMemoryGb ?? '–'} GB`, 'driver'),
    },
  ];
  return <Facts facts={facts} copyLabel={t('resources.copy')} />;
}
