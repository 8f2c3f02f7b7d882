using NATS.Client.Core;
using NATS.Client.Core.Internal;
using Relaybox.Testing;

namespace Relaybox.Substitutes.Tests.Nats.Internal;

public class NKeyTests
{
    [Fact]
    public async Task The_seed_of_a_users_key_is_checked_also_from_a_file()
    {
        var (user, other) = (new NKeys(NKeys.User), new NKeys(NKeys.User));
        await using var server = await NatsServer.StartAsync($"authorization {{ users: [ {{ nkey: {user.Public} }} ] }}");
        await AuthenticationTests.AcceptsAsync(server.Url, new NatsAuthOpts { AuthCredCallback = (_, _) => ValueTask.FromResult(NatsAuthCred.FromNkey(user.Seed)) });
        await AuthenticationTests.AcceptsAsync(server.Url, new NatsAuthOpts { Seed = user.Seed, NKey = user.Public });
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { AuthCredCallback = (_, _) => ValueTask.FromResult(NatsAuthCred.FromNkey(other.Seed)) });
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { Seed = other.Seed, NKey = other.Public });
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { Seed = user.Seed });
        using var file = new TemporaryFile(user.Seed + "\n");
        await AuthenticationTests.AcceptsAsync(server.Url, new NatsAuthOpts { NKeyFile = file.Path });
    }

    [Fact]
    public async Task Credentials_of_an_operators_account_are_checked_as_text_and_as_a_file()
    {
        var (op, account, system, user, stranger) =
            (new NKeys(NKeys.Operator), new NKeys(NKeys.Account), new NKeys(NKeys.Account), new NKeys(NKeys.User), new NKeys(NKeys.User));
        const string AccountClaims = """{"limits":{"subs":-1,"data":-1,"payload":-1,"imports":-1,"exports":-1,"wildcards":true,"conn":-1,"leaf":-1},"type":"account","version":2}""";
        const string UserClaims = """{"subs":-1,"data":-1,"payload":-1,"type":"user","version":2}""";
        await using var server = await NatsServer.StartAsync($$"""
            operator: {{op.Sign(op, $$"""{"type":"operator","version":2,"system_account":"{{system.Public}}"}""")}}
            system_account: {{system.Public}}
            resolver: MEMORY
            resolver_preload: {
              {{account.Public}}: {{op.Sign(account, AccountClaims)}}
              {{system.Public}}: {{op.Sign(system, AccountClaims)}}
            }
            """);
        var jwt = account.Sign(user, UserClaims);
        await AuthenticationTests.AcceptsAsync(server.Url, new NatsAuthOpts { Jwt = jwt, Seed = user.Seed });
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { Jwt = jwt, Seed = stranger.Seed });
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { Jwt = system.Sign(user, UserClaims)[..^4] + "AAAA", Seed = user.Seed });

        using var good = new TemporaryFile(Credentials(jwt, user.Seed));
        await AuthenticationTests.AcceptsAsync(server.Url, new NatsAuthOpts { CredsFile = good.Path });
        using var bad = new TemporaryFile(Credentials(jwt, stranger.Seed));
        await AuthenticationTests.RefusesAsync(server.Url, new NatsAuthOpts { CredsFile = bad.Path });
    }

    [Fact]
    public void A_seed_that_is_damaged_or_another_kind_is_refused_without_being_shown()
    {
        var seed = new NKeys(NKeys.User).Seed;
        var damaged = seed[..20] + (seed[20] == 'A' ? 'B' : 'A') + seed[21..];
        foreach (var bad in new[] { "", "SU", damaged, seed[..^1], seed + "A", seed.ToLowerInvariant(), new NKeys(NKeys.Account).Seed, new NKeys(NKeys.User).Public, new string('S', 58) })
        {
            var refused = Assert.Throws<NatsException>(() => NKeyPair.FromSeed(bad));
            Assert.True(bad.Length < 3 || !refused.Message.Contains(bad, StringComparison.Ordinal));
        }

        using var key = NKeyPair.FromSeed($" {seed}\n");
        Assert.StartsWith("U", key.PublicKey, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_missing_or_empty_and_a_server_that_asks_for_no_key_are_told()
    {
        await using var server = await NatsServer.StartAsync();
        using var empty = new TemporaryFile("");
        foreach (var (auth, text) in new[]
        {
            (new NatsAuthOpts { CredsFile = "/does/not/exist" }, "credentials file cannot be read"),
            (new NatsAuthOpts { CredsFile = empty.Path }, "do not hold a user's JWT"),
            (new NatsAuthOpts { Jwt = "x" }, "needs the seed"),
            (new NatsAuthOpts { Seed = new NKeys(NKeys.User).Seed, NKey = new NKeys(NKeys.User).Public }, "do not belong together"),
            (new NatsAuthOpts { Seed = new NKeys(NKeys.User).Seed }, "sent no nonce"),
        })
        {
            await using var connection = Streams.Connect(server.Url, o => o with { AuthOpts = auth });
            var refused = await Assert.ThrowsAsync<NatsException>(async () => await connection.ConnectAsync());
            Assert.Contains(text, refused.Message, StringComparison.Ordinal);
        }
    }

    private static string Credentials(string jwt, string seed) => $"""
        -----BEGIN NATS USER JWT-----
        {jwt}
        ------END NATS USER JWT------

        ************************* IMPORTANT *************************
        NKEY Seed printed below can be used to sign and prove identity.

        -----BEGIN USER NKEY SEED-----
        {seed}
        ------END USER NKEY SEED------

        """;

    private sealed class TemporaryFile : IDisposable
    {
        internal TemporaryFile(string text)
        {
            Path = System.IO.Path.GetTempFileName();
            File.WriteAllText(Path, text);
        }

        internal string Path { get; }

        public void Dispose() => File.Delete(Path);
    }
}
