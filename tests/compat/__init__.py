"""The official SDK of LUSID against ``blotter serve``: a peer we did not write, on a real socket."""
