using System.Runtime.CompilerServices;
using System.Text.Json;
using NATS.Client.JetStream.Internal;
using NATS.Client.JetStream.Models;

namespace NATS.Client.JetStream;

/// <content>Streams and consumers.</content>
public partial class NatsJSContext
{
    public async ValueTask<INatsJSStream> CreateStreamAsync(StreamConfig config, CancellationToken cancellationToken = default) =>
        await WriteStreamAsync("CREATE", config, cancellationToken);

    public async ValueTask<NatsJSStream> UpdateStreamAsync(StreamConfig request, CancellationToken cancellationToken = default) =>
        await WriteStreamAsync("UPDATE", request, cancellationToken);

    public async ValueTask<INatsJSStream> GetStreamAsync(
        string stream, StreamInfoRequest? request = null, CancellationToken cancellationToken = default)
    {
        RequireName(stream, "Stream");
        return new NatsJSStream(
            this,
            await RequestAsync($"{Opts.Prefix}.STREAM.INFO.{stream}", [], JetStreamJson.Default.StreamInfo, cancellationToken));
    }

    /// <summary>The names of all streams, or of those that take something of a subject.</summary>
    public async IAsyncEnumerable<string> ListStreamNamesAsync(
        string? subject = default, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var offset = 0; ;)
        {
            var page = await RequestAsync(
                $"{Opts.Prefix}.STREAM.NAMES",
                JsonSerializer.SerializeToUtf8Bytes(new StreamNamesRequest(subject, offset), JetStreamJson.Default.StreamNamesRequest),
                JetStreamJson.Default.StreamNamesReply,
                cancellationToken);
            foreach (var name in page.Streams ?? [])
            {
                yield return name;
            }

            offset += page.Streams?.Length ?? 0;
            if (page.Streams is not { Length: > 0 } || offset >= page.Total)
            {
                yield break;
            }
        }
    }

    public async ValueTask<bool> DeleteStreamAsync(string stream, CancellationToken cancellationToken = default)
    {
        RequireName(stream, "Stream");
        var reply = await RequestAsync(
            $"{Opts.Prefix}.STREAM.DELETE.{stream}", [], JetStreamJson.Default.DeleteReply, cancellationToken);
        return reply.Success;
    }

    public async ValueTask<INatsJSConsumer> CreateOrUpdateConsumerAsync(
        string stream, ConsumerConfig config, CancellationToken cancellationToken = default)
    {
        RequireName(stream, "Stream");
        RequireName(config.Name ?? config.DurableName, "Consumer");
        var subject = $"{Opts.Prefix}.CONSUMER.CREATE.{stream}.{config.Name ?? config.DurableName}";
        var info = await RequestAsync(
            string.IsNullOrEmpty(config.FilterSubject) ? subject : $"{subject}.{config.FilterSubject}",
            JsonSerializer.SerializeToUtf8Bytes(
                new ConsumerCreateRequest(stream, config), JetStreamJson.Default.ConsumerCreateRequest),
            JetStreamJson.Default.ConsumerInfo,
            cancellationToken);
        return new NatsJSConsumer(this, info);
    }

    public async ValueTask<INatsJSConsumer> GetConsumerAsync(
        string stream, string consumer, CancellationToken cancellationToken = default)
    {
        RequireName(stream, "Stream");
        RequireName(consumer, "Consumer");
        return new NatsJSConsumer(
            this,
            await RequestAsync(
                $"{Opts.Prefix}.CONSUMER.INFO.{stream}.{consumer}", [], JetStreamJson.Default.ConsumerInfo, cancellationToken));
    }

    private async ValueTask<NatsJSStream> WriteStreamAsync(string verb, StreamConfig config, CancellationToken cancellationToken)
    {
        RequireName(config.Name, "Stream");
        return new NatsJSStream(
            this,
            await RequestAsync(
                $"{Opts.Prefix}.STREAM.{verb}.{config.Name}",
                JsonSerializer.SerializeToUtf8Bytes(config, JetStreamJson.Default.StreamConfig),
                JetStreamJson.Default.StreamInfo,
                cancellationToken));
    }
}
