"""The routes that follow from the declarations of the contexts, so that a context needs no code for HTTP:

    POST /<context>/<stream id>/<Command>           its body: the command's other fields
    POST /<context>/<stream id>/undo                where the context has an undo
    GET  /<context>/<read model>/<id>               the document; ?at= where no other streams feed it
    GET  /<context>/<read model>/<id>/history       the events of its stream
    GET  /<context>/<read model>                    documents; its indexes are the parameters, with limit and cursor

Addresses that are written by hand come first: none of them is shadowed (addresses.py).
"""
