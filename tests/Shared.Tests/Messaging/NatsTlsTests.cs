using NATS.Client.Core;
using Relaybox.Nats;
using Relaybox.Testing;
using Relaybox.Testing.Tls;

namespace Relaybox.Shared.Tests.Messaging;

/// <summary>
/// Who is taken for the broker. The address 0.0.0.0 leads to this machine, but is not a loopback address: the rules for
/// servers elsewhere hold for it, also where the URL does not ask for TLS.
/// </summary>
public sealed class NatsTlsTests(NatsServer plain) : IDisposable
{
    private const string Elsewhere = "0.0.0.0";

    private readonly Certificates _certificates = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task A_server_by_a_trusted_authority_is_used_over_tls()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(names: Elsewhere));
        await using var connector = Connector(server.Port, _certificates);

        var session = await connector.OpenAsync(Ct);

        Assert.True(session.JetStream.Connection.ServerInfo!.TlsRequired);
    }

    [Fact]
    public async Task A_server_by_another_authority_is_refused()
    {
        using var others = new Certificates();
        await using var server = await NatsServer.StartAsync(others.NatsConfiguration(names: Elsewhere));

        await RefusesAsync(server.Port, _certificates);

        // Nor does this machine trust it.
        await RefusesAsync(server.Port, null);
    }

    [Fact]
    public async Task A_server_of_another_name_is_refused()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(names: ["nats.example.com", "127.0.0.1"]));

        await RefusesAsync(server.Port, _certificates);
    }

    [Fact]
    public async Task A_server_whose_certificate_has_expired_is_refused()
    {
        await using var server = await NatsServer.StartAsync(_certificates.NatsConfiguration(expired: true, names: Elsewhere));

        await RefusesAsync(server.Port, _certificates);
    }

    [Fact]
    public async Task A_server_without_tls_or_one_that_strips_it_is_refused()
    {
        await RefusesAsync(plain.Port, null);
        await RefusesAsync(plain.Port, _certificates);
    }

    [Fact]
    public async Task Credentials_are_not_sent_to_a_server_that_strips_tls()
    {
        var heard = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = new ScriptedNats(async peer =>
        {
            await peer.SendAsync(ScriptedNats.Info());
            heard.TrySetResult(await peer.ReadLineAsync());
        });
        await RefusesAsync(server.Port, null);
        Assert.Null(await heard.Task);
    }

    private static NatsConnector Connector(int port, Certificates? trusted) => NatsWorld.Connect(
        $"nats://{Elsewhere}:{port}", options => options with { CaFile = trusted?.AuthorityFile, Username = "app", Password = "correct-horse" });

    private static async Task RefusesAsync(int port, Certificates? trusted)
    {
        await using var connector = Connector(port, trusted);
        var refused = await Assert.ThrowsAnyAsync<NatsException>(async () => await connector.OpenAsync(Ct));

        // In the first line, which is what operators see.
        Assert.Matches("TLS|SSL|certificate", refused.Message);
        Assert.DoesNotContain("correct-horse", refused.ToString(), StringComparison.Ordinal);
    }
}
