using Relaybox.Testing;

[assembly: AssemblyFixture(typeof(NatsServer))]
