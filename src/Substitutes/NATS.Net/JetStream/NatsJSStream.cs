using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

public class NatsJSStream : INatsJSStream
{
    private readonly NatsJSContext _context;

    internal NatsJSStream(NatsJSContext context, StreamInfo info)
    {
        _context = context;
        Info = info;
    }

    public StreamInfo Info { get; private set; }

    public async ValueTask RefreshAsync(CancellationToken cancellationToken = default) =>
        Info = (await _context.GetStreamAsync(Info.Config.Name!, cancellationToken: cancellationToken)).Info;
}
